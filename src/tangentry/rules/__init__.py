"""The derivative rules: one file a domain; importing `tangentry.rules.table` fills the table."""
