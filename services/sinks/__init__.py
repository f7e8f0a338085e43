"""The sink: writes each wanted document into its ERP once, or says why it does not."""
