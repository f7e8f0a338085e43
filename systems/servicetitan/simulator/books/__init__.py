"""What happens in a tenant: each module is one kind of business event and the records that it changes."""
