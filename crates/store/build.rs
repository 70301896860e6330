//! Lists the files of `migrations/` for the compiler. `sqlx::migrate!` would do so too, and compile the database
//! drivers a second time for it.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("../../migrations");
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut files = fs::read_dir(&folder)?.map(|file| Ok(file?.path())).collect::<io::Result<Vec<_>>>()?;
    files.sort();
    let mut list = String::from("&[\n");
    for file in files {
        let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        let numbered = name.split_once('_').and_then(|(version, name)| Some((version.parse::<i64>().ok()?, name)));
        let Some((version, name)) = numbered else {
            return Err(io::Error::other(format!("{} is not named like 0001_what.sql", file.display())));
        };
        writeln!(list, "    ({version}, {name:?}, include_str!({:?})),", file.display().to_string()).map_err(io::Error::other)?;
    }
    list.push(']');
    fs::write(Path::new(&env::var("OUT_DIR").map_err(io::Error::other)?).join("migrations.rs"), list)
}
