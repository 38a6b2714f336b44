//! The door for existing X-Road clients and providers, on a ministry's own premises.
