import { type Completable, quote, type Shell } from './shell.js';

/** Bash 3.2 and later, without the package bash-completion. */
export const bash = {
  install: 'eval "$(fqsr completion bash)" in ~/.bashrc',
  script: (commands) => `# bash completion of fqsr
_fqsr() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" words=""
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=( $(compgen -W ${quote([...commands.map(({ name }) => name), '--help', '--version'].join(' '))} -- "$word") )
    return
  fi
  case "$command:$before" in
${commands.flatMap(valueCases).join('\n')}
  esac
  if [ -z "$words" ]; then
    case "$command" in
${commands.map(wordCase).join('\n')}
    esac
  fi
  [ "$words" = files ] || COMPREPLY=( $(compgen -W "$words" -- "$word") )
  [ "\${#COMPREPLY[@]}" -gt 0 ] || COMPREPLY=( $(compgen -f -- "$word") )
}
complete -o filenames -F _fqsr fqsr
`,
} satisfies Shell;

/** Behind a flag with a value stand its choices, or a file. */
function valueCases({ name, flags }: Completable): readonly string[] {
  return flags.flatMap(({ long, short, value, choices }) => {
    if (value === null) return [];
    const names = [long, ...(short ? [short] : [])].map((flag) => `${name}:${flag}`).join('|');
    return [`    ${names}) words=${quote(choices.join(' ') || 'files')} ;;`];
  });
}

function wordCase({ name, flags, words }: Completable): string {
  const long = flags.map((flag) => flag.long);
  return `      ${name}) case "$word" in -*) words=${quote([...long, '--help'].join(' '))} ;; *) words=${quote(words.join(' ') || 'files')} ;; esac ;;`;
}
