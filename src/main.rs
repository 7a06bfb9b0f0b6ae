//! The `liftoff` program. Everything it does is in the library.

use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    seal();
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(liftoff::app::run::main(std::env::args_os()));
            // A stopped run does not wait for files that are still being read, but gives their
            // temporary results a moment to vanish.
            runtime.shutdown_timeout(Duration::from_secs(2));
            ExitCode::from(code)
        }
        Err(_) => ExitCode::FAILURE,
    }
}

/// Makes the process non-dumpable, so that programs of the same user, such as those that an
/// image build starts, cannot read the token from its environment or memory in `/proc`
/// (Linux, `PR_SET_DUMPABLE`). Programs that it starts are not affected.
fn seal() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // A kernel that refuses leaves things as they are for every other program.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
