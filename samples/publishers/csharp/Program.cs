using System.Runtime.InteropServices;
using Pipeline.PublisherSample;

if (Settings.Read(args) is not { } settings)
{
    return 2;
}

using var stop = new CancellationTokenSource();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
return await new Publisher(settings).RunAsync(stop.Token);

void Stop(PosixSignalContext signal)
{
    // Stops the waiting; the report still follows.
    signal.Cancel = true;
    stop.Cancel();
}
