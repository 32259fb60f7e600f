namespace Pipeline.ServiceDefaults;

/// <summary>An explicit step of administration that a service's program can do instead of running: <c>Pipeline.X --argument …</c>.</summary>
/// <param name="Argument">The argument that asks for it, <c>--do-this</c>.</param>
/// <param name="Help">One line for <c>--help</c>.</param>
/// <param name="RunAsync">Runs it in a scope of its own with the whole command line; the result is the process's exit code.</param>
public sealed record ServiceCommand(string Argument, string Help, Func<IServiceProvider, IReadOnlyList<string>, CancellationToken, Task<int>> RunAsync);
