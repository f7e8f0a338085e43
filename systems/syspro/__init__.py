"""SYSPRO: its simulator, its facts and our side of it."""
