"""The `anyport` command: a thin skin over the rooms. Imports what a command needs when it runs."""
