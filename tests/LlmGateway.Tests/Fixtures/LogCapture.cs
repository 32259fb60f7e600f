using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Pipeline.LlmGateway.Tests.Fixtures;

/// <summary>Keeps every line of every logger, exceptions included.</summary>
internal sealed class LogCapture : ILoggerProvider
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly SemaphoreSlim _said = new(0);

    public IReadOnlyCollection<string> Lines => _lines;

    /// <summary>Waits until some logger has said it.</summary>
    public async Task SaysAsync(string text)
    {
        while (!_lines.Any(x => x.Contains(text, StringComparison.Ordinal)))
        {
            await _said.WaitAsync(TestContext.Current.CancellationToken).Patiently();
        }
    }

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, _lines, _said);

    public void Dispose() => _said.Dispose();

    private sealed class Logger(string category, ConcurrentQueue<string> lines, SemaphoreSlim said) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lines.Enqueue($"{logLevel} {category}: {formatter(state, exception)} {exception}");
            try
            {
                said.Release();
            }
            catch (ObjectDisposedException)
            {
                // Something still speaks while the host goes down; nobody waits for it any more.
            }
        }
    }
}
