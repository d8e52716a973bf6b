//! What tools print: data on stdout, all else on stderr, and the exit status.
