"""Servers, fleets, documents and measuring tools that tests share."""
