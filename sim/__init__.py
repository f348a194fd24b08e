"""An electric-car price war, alone or together: see README.md."""
