//! Mapping files: what an X-Road message means, in our words.
