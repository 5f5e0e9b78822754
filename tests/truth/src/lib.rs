//! Nothing but tests lives here: what each way of writing to a database invalidates, compared with what the database itself says has
//! changed. `README.md` says how to read the table, and how to add a statement.
