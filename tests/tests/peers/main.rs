//! Each peer of the harness really answers: driven here by the system's own clients and by plain HTTP, not by a tool's code.

mod aws;
mod lambda;
mod openssh;
mod process;
