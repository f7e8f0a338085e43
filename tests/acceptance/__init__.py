"""The product as its users meet it: processes, commands, exit codes, and the ERP's own journal."""
