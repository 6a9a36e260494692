"""System tests of two releases that share a broker and a store."""
