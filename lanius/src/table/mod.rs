//! Tables read by column: CSV, JSON lines, Parquet, Avro, Arrow, SQLite and PostgreSQL.
