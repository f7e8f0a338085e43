"""ServiceTitan: field-service management; the side where jobs, invoices, payments and bills begin."""
