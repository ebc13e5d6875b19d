/** What the example of each library prints, by its folder. */
export declare const printed: Readonly<Record<string, RegExp>>;
/** The first code block in `js` or `ts` of a README, as JavaScript. */
export declare function exampleOf(folder: string): Promise<string>;
/** Writes the example of a package, and the files it reads, into a project; the path of the script. */
export declare function writeExample(folder: string, project: string): Promise<string>;
