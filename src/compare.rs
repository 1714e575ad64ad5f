//! Compares an audit's packages with an earlier revision or BoM.
