"""What makes the text read as if written by hand: each file one pass, Program → Program."""
