"""Facts about a program, returned as tables: alias classes, activity, what is written, what is read again."""
