import type { Flag } from '../flags.js';
import { type Completable, quote, type Shell } from './shell.js';

/** Zsh with compinit. */
export const zsh = {
  install: 'fqsr completion zsh > ~/.zfunc/_fqsr, with fpath+=~/.zfunc before compinit in ~/.zshrc',
  script: (commands) => `#compdef fqsr
_fqsr() {
  local -a commands
  commands=(
${commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`).join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${commands.map(commandCase).join('\n')}
  esac
}
if [ "$funcstack[1]" = "_fqsr" ]; then _fqsr "$@"; else compdef _fqsr fqsr; fi
`,
} satisfies Shell;

function commandCase({ name, flags, words }: Completable): string {
  const rest = words.length > 0 ? `'1: :(${words.join(' ')})' '*: :_files'` : `'*: :_files'`;
  return `    ${name}) _arguments ${flags.flatMap(specs).join(' ')} ${rest} ;;`;
}

/** \`'--plan[what it is]:plan:_files'\`; brackets and colons would end a part. */
function specs({ long, short, value, description, choices }: Flag): readonly string[] {
  const text = description.replace(/[[\]\\:]/g, '\\$&');
  const action = choices.length > 0 ? `(${choices.join(' ')})` : '_files';
  const ending = value === null ? '' : `:${value.replaceAll(':', '\\:')}:${action}`;
  return [long, ...(short ? [short] : [])].map((flag) => quote(`${flag}[${text}]${ending}`));
}
