//! Loads, attaches and reads underspan's BPF programs.
