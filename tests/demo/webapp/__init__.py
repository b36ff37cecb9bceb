"""A small web application over an in-memory object database: the program that leaks in `make demo`."""
