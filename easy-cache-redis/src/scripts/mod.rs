//! The scripts: each is one step of the protocol that nothing on the server comes between. Their files say what they are given.

use std::sync::LazyLock;

use deadpool_redis::redis::{Cmd, Script, cmd};

const COMMON: &str = include_str!("common.lua");
const AGREE: &str = include_str!("agree.lua");

/// A script with the name that it has on the server.
pub(crate) struct Lua {
    code: String,
    hash: String,
}

/// A script that begins with what all share, and whether it may run when the server's memory is full: what takes away must.
fn script(flags: &str, own: &str) -> Lua {
    let code = format!("#!lua{flags}\n{COMMON}{own}");
    let hash = Script::new(&code).get_hash().to_owned();
    Lua { code, hash }
}

const TAKES_AWAY: &str = " flags=allow-oom";

pub(crate) static GREET: LazyLock<Lua> = LazyLock::new(|| script(TAKES_AWAY, include_str!("greet.lua")));
pub(crate) static FILL: LazyLock<Lua> = LazyLock::new(|| script("", &format!("{AGREE}{}", include_str!("fill.lua"))));
#[cfg(feature = "cluster")]
pub(crate) static ACQUIRE: LazyLock<Lua> =
    LazyLock::new(|| script("", &format!("{AGREE}{}", include_str!("acquire.lua"))));
pub(crate) static INVALIDATE: LazyLock<Lua> = LazyLock::new(|| script(TAKES_AWAY, include_str!("invalidate.lua")));
pub(crate) static FLUSH: LazyLock<Lua> = LazyLock::new(|| script(TAKES_AWAY, include_str!("flush.lua")));
pub(crate) static HOLD: LazyLock<Lua> = LazyLock::new(|| script(TAKES_AWAY, include_str!("hold.lua")));
pub(crate) static RELEASE: LazyLock<Lua> = LazyLock::new(|| script(TAKES_AWAY, include_str!("release.lua")));
pub(crate) static END_LEASE: LazyLock<Lua> = LazyLock::new(|| {
    let code = format!("#!lua{TAKES_AWAY}\n{}", include_str!("end_lease.lua"));
    let hash = Script::new(&code).get_hash().to_owned();
    Lua { code, hash }
});

#[cfg(feature = "cluster")]
pub(crate) static DIVIDE: LazyLock<Lua> = LazyLock::new(|| {
    let code = format!("#!lua{TAKES_AWAY}\n{}", include_str!("divide.lua"));
    let hash = Script::new(&code).get_hash().to_owned();
    Lua { code, hash }
});

/// Those that are loaded when a connection is new: all but the first that runs on it.
pub(crate) fn all() -> [&'static Lua; 6] {
    [&FILL, &INVALIDATE, &FLUSH, &HOLD, &RELEASE, &END_LEASE]
}

impl Lua {
    /// The command that makes it known to a server.
    pub(crate) fn load(&self) -> Cmd {
        let mut load = cmd("SCRIPT");
        load.arg("LOAD").arg(&self.code);
        load
    }

    /// The command that runs it whether the server knows it or not.
    pub(crate) fn run_as_text(&self, keys: usize) -> Cmd {
        let mut run = cmd("EVAL");
        run.arg(&self.code).arg(keys);
        run
    }

    /// The command that runs it, for a known number of keys; what it is given follows.
    pub(crate) fn run(&self, keys: usize) -> Cmd {
        let mut run = cmd("EVALSHA");
        run.arg(&self.hash).arg(keys);
        run
    }
}
