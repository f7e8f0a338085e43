"""Webhooks and pushes over real sockets and a real broker."""
