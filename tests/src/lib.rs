//! The harness of the tests: real peers, and the laws of the house.
