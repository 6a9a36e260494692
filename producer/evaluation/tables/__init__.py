"""Reads tables as trees and compares them."""
