"""Tables as people write them: every form that spreadsheets write, every refusal with its place."""
