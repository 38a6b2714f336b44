//! The suite that every adapter must pass, against its register over its real protocol. (Written next.)
