//! The forms of commands, calls and statements, and what is none of them.

use super::call::arguments_of;
use super::*;
use crate::scan::anchors::signs;

/// What is handed over at any sign of the text.
fn handed(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let lower = text.to_ascii_lowercase();
    let signs = signs();
    let mut values: Vec<_> = (0..bytes.len())
        .filter_map(|at| signs.iter().find(|(word, _)| lower[at..].starts_with(word)).map(|(word, sign)| (at, word, sign)))
        .filter_map(|(at, word, sign)| at_sign(bytes, at, word, *sign))
        .map(|handed| &text[handed.value])
        .collect();
    values.dedup();
    values
}

#[test]
fn commands() {
    for text in [
        "mysql -u root -pV4lue -h db",
        "mysqldump -ubackup -p'V4lue' shop",
        "sh \"mysql -uroot -pV4lue\"",
        "curl -fsSL -u deploy:V4lue https://x/y",
        "curl -k -u 'elastic:V4lue' https://x",
        "docker login -u bob -p V4lue registry",
        "sshpass -p 'V4lue' ssh a@b",
        "redis-cli -h c -a V4lue ping",
        "mongo admin -u root -p V4lue --eval x",
        "ldapsearch -x -D cn=a -w 'V4lue' -b dc=x",
        "openssl rsa -in k -passin pass:V4lue -out p",
        "openssl rsa -in k -passin 'pass:V4lue' -out p",
        "net use Z: \\\\fs1\\share /user:CORP\\svc V4lue",
        "az login --service-principal -u x -p V4lue --tenant y",
        "sqlcmd -S sql1 -U sa -P V4lue -Q x",
        "smbclient //fs/share -U 'CORP\\bob%V4lue' -c ls",
        "echo \"root:V4lue\" | chpasswd",
        "htpasswd -bc /etc/x admin V4lue",
        "rabbitmqctl change_password orders 'V4lue'",
        "curl \\\n  -u bob:V4lue \\\n  https://x",
    ] {
        assert_eq!(handed(text), ["V4lue"], "{text}");
    }
    for text in [
        "ssh -p 2222 a@b",
        "mkdir -p a/b1",
        "mysql -u root -p mydb",
        "docker run -p 8080:80 -u 1000:1000 nginx",
        "curl -u bob https://x",
        "true; ls -u x:y1",
        "curl x | grep -w foo2bar",
        "ldapsearch -x -W -D cn=a",
    ] {
        assert_eq!(handed(text), [""; 0], "{text}");
    }
}

#[test]
fn calls() {
    for text in [
        "DriverManager.getConnection(\"jdbc:x\", \"shop\", \"V4lue\")",
        "DriverManager.getConnection(URL, USER, \"V4lue\")",
        "mysqli_connect(\"h\", \"u\", \"V4lue\", \"d\")",
        "new mysqli('h', 'u', 'V4lue')",
        "new PDO('mysql:host=h;dbname=d', 'u', 'V4lue')",
        "DBI->connect(\"DBI:mysql:shop\", \"shop\", \"V4lue\")",
        "server.login(\"a@b\", \"V4lue\")",
        "new Sequelize('d', 'u', 'V4lue', {})",
        ".signWith(SignatureAlgorithm.HS512, \"V4lue\")",
        "jwt.sign({ id: 1 }, 'V4lue', {})",
        "t.SignedString([]byte(\"V4lue\"))",
        "CREATE USER a IDENTIFIED BY 'V4lue';",
        "ConvertTo-SecureString \"V4lue\" -AsPlainText -Force",
    ] {
        assert_eq!(handed(text), ["V4lue"], "{text}");
    }
    for text in [
        "getConnection(url, user, password)",
        "connect(mapState, \"a1\")",
        "connect(a, b, \"c1\")",
        "connect(\"a\", \"b\" + c, \"d\" + e)",
        "ConvertTo-SecureString $x -AsPlainText",
        "is identified by @name for",
        "IDENTIFIED BY :pw",
    ] {
        assert_eq!(handed(text), [""; 0], "{text}");
    }
}

#[test]
fn arguments() {
    let text = b"\"a, b\", Some(\"c\"), d, [\"e\"], \"f\".toCharArray())";
    let literals: Vec<_> = arguments_of(text, 0).into_iter().map(|literal| literal.map(|range| text[range].to_vec())).collect();
    assert_eq!(literals, [Some(b"a, b".to_vec()), Some(b"c".to_vec()), None, Some(b"e".to_vec()), Some(b"f".to_vec())]);
}
