"""The record service: how records are read from bodies, shown, found and asked for."""
