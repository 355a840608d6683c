//! The program. All of it is in the library: code that is generated here is generated again for every build.

fn main() -> std::process::ExitCode {
    signoff::cli::main()
}
