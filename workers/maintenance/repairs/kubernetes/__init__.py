"""Tells Kubernetes which pods are idle, so that it removes those first."""
