//! Which versions can be brought back.
