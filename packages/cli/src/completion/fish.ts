import type { Completable, Shell } from './shell.js';

/** Fish 3 and later. */
export const fish = {
  install: 'fqsr completion fish > ~/.config/fish/completions/fqsr.fish',
  script: (commands) => `# fish completion of fqsr
complete -c fqsr -n __fish_use_subcommand -f
${commands.flatMap(lines).join('\n')}
`,
} satisfies Shell;

function lines({ name, summary, flags, words }: Completable): readonly string[] {
  const within = `complete -c fqsr -n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
  return [
    `complete -c fqsr -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    ...(words.length > 0 ? [`${within} -a ${quoted(words.join(' '))}`] : []),
    ...flags.map(({ long, short, value, description, choices }) => {
      const takes = value === null ? '' : choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : ' -r';
      return `${within} -l ${long.slice(2)}${short ? ` -s ${short.slice(1)}` : ''}${takes} -d ${quoted(description)}`;
    }),
  ];
}

/** In fish a backslash hides a quote. */
function quoted(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
