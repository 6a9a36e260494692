"""One page from source to result: fetch, render, read, cut figures."""
