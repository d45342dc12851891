//! Which program an executable really runs: its language, and the script, jar or module behind an interpreter.
use std::path::Path;

use super::ProcFs;

/// Language and runtime of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Language {
    /// `telemetry.sdk.language`; `generic` when unknown.
    pub(super) name: &'static str,
    /// `process.runtime.name`, where it follows from the executable.
    pub(super) runtime: Option<&'static str>,
}

/// How an interpreter takes its arguments.
struct Interpreter {
    /// Base names without version.
    names: &'static [&'static str],
    language: Language,
    /// A library only this interpreter maps, for programs that embed it.
    library: Option<&'static str>,
    /// Options that take the next argument as their value.
    valued: &'static [&'static str],
    /// Options whose value is what runs: a module, a class, a jar.
    names_program: &'static [&'static str],
    /// Options that bring the program's text; then there is no name.
    inline: &'static [&'static str],
}

const fn language(name: &'static str, runtime: Option<&'static str>) -> Language {
    Language { name, runtime }
}

const GENERIC: Language = language("generic", None);

static INTERPRETERS: &[Interpreter] = &[
    Interpreter {
        names: &["python", "pypy"],
        language: language("python", Some("cpython")),
        library: Some("/libpython"),
        valued: &["-W", "-X", "--check-hash-based-pycs"],
        names_program: &["-m"],
        inline: &["-c"],
    },
    Interpreter {
        names: &["node", "nodejs"],
        language: language("nodejs", Some("nodejs")),
        library: Some("/libnode.so"),
        valued: &["-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions"],
        names_program: &[],
        inline: &["-e", "--eval", "-p", "--print"],
    },
    Interpreter {
        names: &["java"],
        language: language("java", None),
        library: Some("/libjvm.so"),
        valued: &[
            "-cp",
            "-classpath",
            "--class-path",
            "-p",
            "--module-path",
            "--add-modules",
            "--add-opens",
            "--add-exports",
            "--add-reads",
            "--upgrade-module-path",
        ],
        names_program: &["-jar", "-m", "--module"],
        inline: &[],
    },
    Interpreter {
        names: &["ruby"],
        language: language("ruby", Some("ruby")),
        library: Some("/libruby"),
        valued: &["-I", "-r", "-C", "-E"],
        names_program: &[],
        inline: &["-e"],
    },
    Interpreter {
        names: &["php"],
        language: language("php", Some("php")),
        library: Some("/libphp"),
        valued: &["-d", "-c", "-S", "-t", "-z"],
        names_program: &["-f"],
        inline: &["-r"],
    },
    Interpreter {
        names: &["dotnet"],
        language: language("dotnet", Some(".NET")),
        library: Some("/libcoreclr.so"),
        valued: &["--runtimeconfig", "--depsfile", "--additionalprobingpath", "--fx-version"],
        names_program: &["exec"],
        inline: &[],
    },
    Interpreter {
        names: &["beam.smp", "beam"],
        language: language("erlang", None),
        library: None,
        valued: &[],
        names_program: &["-sname", "-name"],
        inline: &["-eval"],
    },
    Interpreter {
        names: &["perl"],
        language: GENERIC,
        library: None,
        valued: &["-I"],
        names_program: &[],
        inline: &["-e", "-E"],
    },
    Interpreter {
        names: &["bash", "sh", "dash", "zsh", "ksh", "ash"],
        language: GENERIC,
        library: None,
        valued: &["-o", "-O", "--rcfile", "--init-file"],
        names_program: &[],
        inline: &["-c"],
    },
];

/// Name of the script, module, jar or class behind an interpreter. `None` when the executable is no interpreter, or
/// runs nothing that has a name.
pub(super) fn script(executable: &Path, arguments: &[String]) -> Option<String> {
    let interpreter = interpreter(executable)?;
    let mut words = arguments.iter().skip(1).map(String::as_str);
    while let Some(word) = words.next() {
        if interpreter.inline.contains(&word) {
            return None;
        }
        if interpreter.names_program.contains(&word) {
            return words.next().and_then(program_name);
        }
        if interpreter.valued.contains(&word) {
            words.next();
        } else if !word.starts_with(['-', '+', '@']) {
            return program_name(word);
        }
    }
    None
}

/// Language of a process, from the executable's name, its first page, or the libraries it has mapped.
pub(super) fn detect(proc: &ProcFs, pid: u32, executable: &Path) -> Language {
    if let Some(interpreter) = interpreter(executable) {
        let pypy = base_name(executable).starts_with("pypy");
        return if pypy { language("python", Some("pypy")) } else { interpreter.language };
    }
    if proc.executable_head(pid, 4096).is_some_and(|head| is_go(&head)) {
        return language("go", Some("go"));
    }
    // In this order: programs that embed an interpreter often have the C++ library mapped too.
    let embedded =
        INTERPRETERS.iter().filter_map(|interpreter| Some((interpreter.library?, interpreter.language)));
    let libraries: Vec<_> = embedded.chain([("/libstdc++.so", language("cpp", None))]).collect();
    let words: Vec<&str> = libraries.iter().map(|(word, _)| *word).collect();
    let mapped = proc.maps_any_of(pid, &words);
    libraries.iter().find(|(word, _)| Some(*word) == mapped).map_or(GENERIC, |(_, language)| *language)
}

fn base_name(executable: &Path) -> &str {
    executable.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// `python3.11` and `php8.2` are `python` and `php`.
fn interpreter(executable: &Path) -> Option<&'static Interpreter> {
    let name = base_name(executable);
    let plain = name.trim_end_matches(|letter: char| letter.is_ascii_digit() || ['.', '-'].contains(&letter));
    INTERPRETERS
        .iter()
        .find(|interpreter| interpreter.names.contains(&name) || interpreter.names.contains(&plain))
}

/// Go's linker writes a note named `Go` of type 4 (its build id) into the first page.
fn is_go(head: &[u8]) -> bool {
    const NOTE: &[u8] = b"\x04\0\0\0Go\0\0";
    head.starts_with(b"\x7fELF") && head.windows(NOTE.len()).any(|window| window == NOTE)
}

/// `/srv/shop/app.py` -> `app`, `/srv/shop/index.js` -> `shop`, `shop-1.2.3.jar` -> `shop`, `com.acme.Shop` -> `Shop`.
fn program_name(word: &str) -> Option<String> {
    let path = Path::new(word);
    let file = path.file_name()?.to_str()?;
    let name = match file.rsplit_once('.') {
        Some((stem, "jar" | "war")) => without_version(stem),
        Some((
            stem,
            "py" | "pyc" | "js" | "mjs" | "cjs" | "ts" | "rb" | "php" | "pl" | "sh" | "dll" | "phar",
        )) => stem,
        // A class, or `module/class`: the last part. A dotted Python module keeps its name.
        Some((_, class)) if class.starts_with(|letter: char| letter.is_ascii_uppercase()) => class,
        _ => file,
    };
    if matches!(name, "index" | "__main__") {
        let folder = path.parent().and_then(Path::file_name).and_then(|folder| folder.to_str());
        return Some(folder.unwrap_or(name).to_owned());
    }
    (!name.is_empty()).then(|| name.to_owned())
}

/// `shop-1.2.3-SNAPSHOT` -> `shop`.
fn without_version(stem: &str) -> &str {
    let version =
        stem.match_indices('-').find(|(at, _)| stem[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    match version {
        Some((at, _)) if at > 0 => &stem[..at],
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discover::fake::FakeProc;

    #[test]
    fn names_behind_interpreters() {
        for (executable, arguments, expected) in [
            ("/usr/bin/python3.11", "python3 -u -W ignore /srv/shop/app.py --port 80", Some("app")),
            ("/usr/bin/python3.11", "python3 -m http.server 8000", Some("http.server")),
            ("/usr/bin/python3.11", "python3 /usr/bin/gunicorn shop:app", Some("gunicorn")),
            ("/usr/bin/python3.11", "python3 /srv/shop/__main__.py", Some("shop")),
            ("/usr/bin/python3.11", "python3 -c print(1)", None),
            ("/usr/bin/python3.11", "python3", None),
            ("/usr/bin/node", "node --require ./trace.js /srv/web/index.js", Some("web")),
            ("/usr/bin/node", "node server.mjs", Some("server")),
            ("/usr/bin/node", "node -e 1", None),
            ("/opt/jdk/bin/java", "java -Xmx1g -cp a:b com.acme.Shop run", Some("Shop")),
            ("/opt/jdk/bin/java", "java -Da=b -jar /srv/shop-api-1.2.3.jar", Some("shop-api")),
            ("/opt/jdk/bin/java", "java -m shop/com.acme.Main", Some("Main")),
            ("/usr/bin/ruby3.1", "ruby -I lib bin/worker.rb", Some("worker")),
            ("/usr/bin/php8.2", "php -S 0.0.0.0:80 router.php", Some("router")),
            ("/usr/bin/perl", "perl -w /srv/mail.pl", Some("mail")),
            ("/usr/bin/bash", "bash -e /srv/run.sh", Some("run")),
            ("/usr/bin/dash", "sh -c sleep 1", None),
            ("/usr/bin/dotnet", "dotnet Shop.Api.dll", Some("Shop.Api")),
            ("/usr/sbin/nginx", "nginx: worker process", None),
        ] {
            let arguments: Vec<String> = arguments.split(' ').map(str::to_owned).collect();
            assert_eq!(script(Path::new(executable), &arguments).as_deref(), expected, "{arguments:?}");
        }
    }

    #[test]
    fn languages() {
        let fake = FakeProc::new();
        let name = |pid, executable| detect(&fake.fs(), pid, Path::new(executable));
        assert_eq!(name(1, "/usr/bin/python3.11"), language("python", Some("cpython")));
        assert_eq!(name(1, "/usr/bin/pypy3"), language("python", Some("pypy")));
        assert_eq!(name(1, "/usr/bin/unknown"), GENERIC);
        fake.write(2, "maps", b"7f00-7f01 r-xp 0 0:0 1 /usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0\n");
        assert_eq!(name(2, "/usr/bin/uwsgi"), language("python", Some("cpython")));
        fake.write(3, "maps", b"7f00-7f01 r-xp 0 0:0 1 /usr/lib/libstdc++.so.6\n");
        assert_eq!(name(3, "/opt/envoy"), language("cpp", None));
        fake.write(4, "exe", b"\x7fELF........\x04\0\0\0\x53\0\0\0\x04\0\0\0Go\0\0abc");
        assert_eq!(name(4, "/opt/shop"), language("go", Some("go")));
    }
}
