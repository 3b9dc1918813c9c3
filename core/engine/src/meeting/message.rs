//! The three messages and what they prove.
