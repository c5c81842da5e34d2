//! Tests on recorded logs.
