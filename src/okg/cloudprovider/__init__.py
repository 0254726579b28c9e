"""Network plugins: what one is, and how the installed ones are found."""
