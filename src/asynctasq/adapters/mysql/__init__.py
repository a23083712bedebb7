"""A queue in two tables of MySQL or MariaDB."""
