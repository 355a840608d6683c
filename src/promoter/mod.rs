//! Drives promotions: the application service behind the terminal UI and the command line alike.
