//! Who signs and verifies envelopes, side by side: libxmlsec1, Santuario, and ourselves. Each is a process that takes a line
//! `<operation> <count>` and answers with the CPU of one operation.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::child::Child;
use crate::error::{BenchError, Tried};

/// The C program beside this crate's sources.
const C: &str = include_str!("../c/xmlsec.c");
/// The Java program.
const JAVA: &str = include_str!("../java/Santuario.java");
/// Santuario and what it needs, from Debian's packages.
const JARS: &[&str] = &["xmlsec", "bcprov", "slf4j-api", "slf4j-nop", "commons-codec", "stax2-api", "woodstox-core"];
/// What is installed where something is missing.
const PACKAGES: &[&str] = &[
    "gcc",
    "libc6-dev",
    "pkg-config",
    "libxmlsec1-dev",
    "libxml-security-java",
    "libbcprov-java",
    "default-jdk-headless",
];

/// The files that an envelope of one size is measured with.
pub(crate) struct Files {
    pub(crate) signed: PathBuf,
    pub(crate) template: PathBuf,
    pub(crate) plain: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) certificate: PathBuf,
}

impl Files {
    /// Where they lie for a Body of that size.
    pub(crate) fn in_folder(folder: &Path, bytes: usize) -> Self {
        let file = |name: &str| folder.join(format!("{name}-{bytes}"));
        Self {
            signed: file("signed.xml"),
            template: file("template.xml"),
            plain: file("plain.xml"),
            key: file("key.pem"),
            certificate: file("certificate.pem"),
        }
    }
}

/// A process that verifies and signs.
pub(crate) struct Rival(Child);

#[derive(Deserialize)]
struct Told {
    cpu_us: f64,
}

impl Rival {
    /// This binary; it has then written the files that the others read.
    pub(crate) fn ours(folder: &Path, bytes: usize) -> Result<Self, BenchError> {
        let child = Child::start("envelope", &[folder.display().to_string(), bytes.to_string()], folder)?;
        child.line()?;
        Ok(Self(child))
    }

    /// libxmlsec1.
    pub(crate) fn libxmlsec1(program: &Path, files: &Files, folder: &Path) -> Result<Self, BenchError> {
        let mut command = Command::new(program);
        command.args([&files.signed, &files.template, &files.key, &files.certificate]);
        Child::spawn("xmlsec", command, folder).map(Self)
    }

    /// Santuario with BouncyCastle. The collector with one thread costs the least CPU.
    pub(crate) fn santuario(classes: &Path, files: &Files, folder: &Path) -> Result<Self, BenchError> {
        let mut command = Command::new("java");
        command.args(["-XX:+UseSerialGC", "-cp", &class_path(classes), "Santuario"]);
        command.args([&files.signed, &files.plain, &files.key, &files.certificate]);
        Child::spawn("santuario", command, folder).map(Self)
    }

    /// The CPU of one operation in µs, over so many.
    pub(crate) fn run(&mut self, operation: &str, count: u32) -> Result<f64, BenchError> {
        self.0.tell(&format!("{operation} {count}"))?;
        let told: Told = serde_json::from_str(&self.0.line()?).tried(operation)?;
        Ok(told.cpu_us)
    }
}

fn class_path(classes: &Path) -> String {
    let jars = JARS.iter().map(|jar| format!("/usr/share/java/{jar}.jar"));
    jars.chain([classes.display().to_string()]).collect::<Vec<_>>().join(":")
}

/// Compiles the C program.
pub(crate) fn compile_c(folder: &Path) -> Result<PathBuf, BenchError> {
    let (source, program) = (folder.join("xmlsec.c"), folder.join("xmlsec"));
    std::fs::write(&source, C).tried(source.display())?;
    let flags = output(Command::new("pkg-config").args(["--cflags", "--libs", "xmlsec1-openssl"]))?;
    output(Command::new("cc").args(["-O2", "-o"]).arg(&program).arg(&source).args(flags.split_whitespace()))?;
    Ok(program)
}

/// Compiles the Java program; gives the folder of its class.
pub(crate) fn compile_java(folder: &Path) -> Result<PathBuf, BenchError> {
    let (source, classes) = (folder.join("Santuario.java"), folder.join("classes"));
    std::fs::write(&source, JAVA).tried(source.display())?;
    let mut command = Command::new("javac");
    command.args(["-nowarn", "-cp", &class_path(&classes), "-d"]).arg(&classes).arg(&source);
    output(&mut command)?;
    Ok(classes)
}

fn output(command: &mut Command) -> Result<String, BenchError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().tried(&name)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(BenchError::new(format!("{name}: {}", String::from_utf8_lossy(&output.stderr))))
}

/// Installs Debian's packages where something is missing.
pub(crate) fn install_if_missing() -> Result<(), BenchError> {
    if all_there() {
        return Ok(());
    }
    eprintln!("installing what is compared with: apt-get install {}", PACKAGES.join(" "));
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdin(Stdio::null()).stdout(Stdio::null());
        command.status().tried("apt-get")
    };
    // An index that cannot be refreshed may still know the packages.
    apt(&["update", "-qq"])?;
    apt(&[&["install", "-qq", "-y", "--no-install-recommends"], PACKAGES].concat())?;
    if all_there() {
        return Ok(());
    }
    Err(BenchError::new(format!("as root run `apt-get install {}` and try again", PACKAGES.join(" "))))
}

fn all_there() -> bool {
    let runs = |program: &str, argument: &str| {
        Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success())
    };
    JARS.iter().all(|jar| Path::new(&format!("/usr/share/java/{jar}.jar")).exists())
        && runs("cc", "--version")
        && runs("javac", "-version")
        && Command::new("pkg-config")
            .args(["--exists", "xmlsec1-openssl"])
            .status()
            .is_ok_and(|status| status.success())
}

/// The versions of the rivals, as their packages say them.
pub(crate) fn versions() -> String {
    let packages = ["libxmlsec1-dev", "libxml-security-java", "libbcprov-java"];
    let format = "${Package} ${Version}, ";
    let said = output(Command::new("dpkg-query").args(["-W", "-f", format]).args(packages)).unwrap_or_default();
    said.trim_end_matches(", ").to_owned()
}
