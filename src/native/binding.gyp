{
  # Sources are found, not listed: the userspace data plane keeps its own in userspace/.
  'targets': [
    {
      'target_name': 'pluto_native',
      'sources': ["<!@(find *.cc userspace -name '*.cc' 2>/dev/null | sort)"],
      'include_dirs': ['.'],
      'dependencies': ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api_except"],
      # A thread that is ended in the middle of a call cannot be told of an error any more: that is no reason to abort.
      'defines': ['NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
      'cflags': ['-Wall', '-Wextra'],
      'cflags_cc': ['-std=c++17', '-O2', '-fvisibility=hidden'],
      'cflags!': ['-Wno-unused-parameter'],
    },
  ],
}
