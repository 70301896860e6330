//! Shells, their dotfiles, and what they tell.

use std::path::Path;

use serde_json::json;

use crate::support::{View, World};

/// A shell whose prompt is known, with whatever else its dotfile says.
async fn shell(path: &str, dotfile: &str, text: &str) -> Option<(World, View, String)> {
    if !Path::new(path).exists() {
        return None;
    }
    let world = World::new().await;
    std::fs::write(world.home().join(dotfile), format!("PS1='<ready> '\n{text}")).unwrap();
    std::fs::write(world.home().join(".profile"), ". ~/.bashrc\n").unwrap();
    let id = world.terminal(json!({ "shell": path })).await;
    let mut view = world.view(&id, "?since=0").await;
    view.until("<ready>").await;
    Some((world, view, id))
}

async fn tells(path: &str, dotfile: &str, text: &str) {
    let Some((world, mut view, id)) = shell(path, dotfile, text).await else { return };
    let home = world.home().to_str().unwrap().to_owned();
    view.until_status(|s| s.cwd.as_deref() == Some(&home) && s.command.is_none()).await;
    assert_eq!(view.status.last_exit_code, None, "an empty line or a dotfile is no command");
    view.type_in("mkdir '한글 50%;x'; cd 한글*; (exit 7)\n").await;
    let folder = format!("{home}/한글 50%;x");
    view.until_status(|s| s.cwd.as_deref() == Some(&folder) && s.last_exit_code == Some(7)).await;
    view.type_in("\n\ntrue\n").await;
    view.until_status(|s| s.last_exit_code == Some(0)).await;
    view.type_in("sleep 30 | cat\n").await;
    view.until_status(|s| s.command.as_deref() == Some("sleep 30")).await;
    let list = world.json("GET", "/terminals", json!({})).await;
    assert_eq!((&list[0]["busy"], &list[0]["command"]), (&json!(true), &json!("sleep 30")));
    view.type_in("\u{3}").await;
    view.until_status(|s| s.command.is_none() && s.last_exit_code == Some(130)).await;
    let list = world.json("GET", "/terminals", json!({})).await;
    let name = path.rsplit('/').next().unwrap();
    assert_eq!((&list[0]["busy"], &list[0]["command"]), (&json!(false), &json!(name)));
    assert_eq!((&list[0]["cwd"], &list[0]["last_exit_code"]), (&json!(folder), &json!(130)));
    // Who comes late is told, too.
    let mut late = world.view(&id, "").await;
    late.until_status(|s| s.cwd.as_deref() == Some(&folder) && s.last_exit_code == Some(130)).await;
    // A prompt of its own is kept, and marked once.
    let prompt = "<new> \u{1b}]133;B\u{7}";
    view.type_in("PS1='<new> '\n").await;
    view.until(prompt).await;
    view.type_in("echo $?${PS1##*>}\n").await;
    let seen = view.until(prompt).await;
    assert!(seen.contains("\u{1b}]133;C\u{7}") && seen.contains("\u{1b}]133;D;0\u{7}"), "{seen:?}");
    // In what PS1 was printed as, and in the prompt made of it.
    let (printed, prompted) = seen.split_once("\u{1b}]133;D;0\u{7}").unwrap();
    assert_eq!((printed.matches("133;B").count(), prompted.matches(prompt).count()), (1, 1), "{seen:?}");
    assert_eq!(prompted.matches("133;B").count(), 1, "{seen:?}");
}

#[tokio::test]
async fn bash_tells_where_it_is_and_what_it_does() {
    tells("/bin/bash", ".bashrc", "").await;
}

#[tokio::test]
async fn bash_tells_though_a_dotfile_has_its_own_ideas() {
    let text = "PROMPT_COMMAND='true; X=$?'\nPS0='run: '\nset -u\nshopt -u promptvars; shopt -s promptvars\n";
    tells("/bin/bash", ".bashrc", text).await;
}

#[tokio::test]
async fn zsh_tells_where_it_is_and_what_it_does() {
    tells("/bin/zsh", ".zshrc", "").await;
    tells("/bin/zsh", ".zshrc", "setopt ksh_arrays sh_word_split no_unset\nprecmd() { true }\n").await;
}

#[tokio::test]
async fn the_dotfiles_of_a_login_shell_are_read_and_left_alone() {
    let world = World::new().await;
    let home = world.home();
    let files = [(".profile", "FROM=profile\n. ~/.bashrc\n"), (".bashrc", "RC=read\nalias hi='echo hello'\nPS1='<ready> '\n")];
    for (name, text) in files {
        std::fs::write(home.join(name), text).unwrap();
    }
    let id = world.terminal(json!({ "shell": "/bin/bash" })).await;
    let mut view = world.view(&id, "?since=0").await;
    view.until("<ready>").await;
    view.type_in("hi \"[$FROM/$RC/$?/${PROMPT_COMMAND:+x}/$SHLVL]\"; env | grep -c PROMPT_COMMAND\n").await;
    let seen = view.until("\r\n0\r\n").await;
    assert!(seen.contains("hello [profile/read/0/x/"), "{seen}");
    for (name, text) in files {
        assert_eq!(std::fs::read_to_string(home.join(name)).unwrap(), text);
    }
    let mut names: Vec<_> = std::fs::read_dir(&home).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [".bashrc", ".profile"]);
    view.type_in("exit 4\n").await;
    assert_eq!(view.read_to_exit().await.1, 4);
}

#[tokio::test]
async fn a_clean_shell_where_a_dotfile_breaks_it() {
    let world = World::new().await;
    std::fs::write(world.home().join(".bashrc"), "echo broken; exit 9\n").unwrap();
    std::fs::write(world.home().join(".profile"), ". ~/.bashrc\n").unwrap();
    let id = world.terminal(json!({ "shell": "/bin/bash" })).await;
    assert_eq!(world.view(&id, "?since=0").await.read_to_exit().await.1, 9);
    let id = world.terminal(json!({ "shell": "/bin/bash", "clean": true })).await;
    let mut view = world.view(&id, "?since=0").await;
    view.type_in("cd /; false\n").await;
    view.until_status(|s| s.cwd.as_deref() == Some("/") && s.last_exit_code == Some(1)).await;
}

#[tokio::test]
async fn utf8_whatever_the_locale() {
    for variables in [
        &[("LANG", "C")][..],
        &[("LANG", "POSIX"), ("LC_ALL", "C")],
        &[("LANG", "ko_KR.EUC-KR"), ("LC_CTYPE", "en_US.ISO-8859-1")],
        &[("LANG", "xx_XX.UTF-8")],
        &[],
    ] {
        let (world, _) = World::spawned(variables).await;
        let line = "locale charmap 2> /dev/null; echo 한글; read -r x; echo \"<$x>\"; x=가나다; echo ${#x}";
        let id = world.terminal(json!({ "shell": "/bin/bash", "command": line })).await;
        let mut view = world.view(&id, "?since=0").await;
        let seen = view.until("한글").await;
        assert!(seen.contains("UTF-8\r\n"), "{variables:?}: {seen}");
        // The line discipline erases whole characters.
        view.type_in("가나\u{7f}다\n").await;
        let (seen, _) = view.read_to_exit().await;
        let seen = String::from_utf8(seen).unwrap();
        assert!(seen.contains("<가다>\r\n3\r\n"), "{variables:?}: {seen}");
    }
}

/// No exec of a container is involved, whose working folder could be made to lead out of it: the agent forks, and what it
/// forked changes to the folder by itself, as the student's own user.
#[tokio::test]
async fn starts_in_a_folder_by_changing_to_it_inside() {
    let (world, pid) = World::spawned(&[]).await;
    std::fs::create_dir_all(world.home().join("guestbook/app")).unwrap();
    assert_eq!(std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap(), Path::new("/"));
    for (wanted, there) in [("guestbook/app", "guestbook/app"), ("gone", ""), ("/proc/self/fd/7", "")] {
        let id = world.terminal(json!({ "cwd": wanted, "command": "pwd; pwd -P; echo $PPID; read x" })).await;
        let mut view = world.view(&id, "?since=0").await;
        let folder = world.home().join(there).to_str().unwrap().trim_end_matches('/').to_owned();
        view.until(&format!("{folder}\r\n{folder}\r\n{pid}\r\n")).await;
    }
    assert_eq!(std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap(), Path::new("/"), "the agent itself has not moved");
}
