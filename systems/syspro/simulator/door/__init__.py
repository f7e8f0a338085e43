"""The doors of the site: e.net by REST and by SOAP, and the OData service."""
