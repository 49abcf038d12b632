export const USAGE = `berth COMMAND

  start                                   serve the registry (the default)
  repository create|list|describe|set|delete
                                          administer repositories; --help says how
  import FILE.tar HOST/REPO:TAG           push an image from an archive, - for a pipe
  export HOST/REPO:TAG FILE.tar           write an image as an archive, - for a pipe
  help                                    this text

Configuration comes from the environment: see docs/configuration.md.
`;
