//! Values that must not be printed, logged or left in memory.
