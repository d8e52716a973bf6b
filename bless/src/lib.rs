//! An SSH certificate authority for AWS Lambda and for one machine, and its client.
