//! What is hidden by an encoding: base64, hexadecimal, URL and Unicode escapes, gzip within base64.
