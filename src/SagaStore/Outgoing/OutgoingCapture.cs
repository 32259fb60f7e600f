using System.Diagnostics;
using System.Text.Json;
using MassTransit;
using MassTransit.Context;
using MassTransit.Middleware;
using MassTransit.Middleware.Outbox;

namespace Pipeline.SagaStore.Outgoing;

/// <summary>
/// The consume context of one attempt at one event: everything sent through it is kept back until the state is committed.
/// </summary>
internal sealed class OutgoingCapture<TMessage> : ConsumeContextScope<TMessage>, IOutgoingCapture
    where TMessage : class
{
    private readonly IServiceProvider _services;
    private readonly MessageComposers _composers;
    private readonly List<CapturedMessage> _messages = [];
    private readonly List<Task> _tasks = [];
    private readonly Lock _lock = new();
    private bool _frozen;

    public OutgoingCapture(ConsumeContext<TMessage> context, IServiceProvider services, MessageComposers composers, params object[] payloads)
        : base(context, payloads)
    {
        _services = services;
        _composers = composers;
        ReceiveContextBeforeCapture = context.ReceiveContext;
        ReceiveContext = new CapturingReceiveContext(context.ReceiveContext, this);
    }

    /// <summary>The way past the capture, for messages that are committed already.</summary>
    public ReceiveContext ReceiveContextBeforeCapture { get; }

    /// <summary>Sends that the state machine started without awaiting them are part of the event.</summary>
    public override void AddConsumeTask(Task task)
    {
        lock (_lock)
        {
            _tasks.Add(task);
        }
    }

    /// <summary>Waits for what is still being sent, then takes the messages and refuses later ones: they could only be lost.</summary>
    public async Task<List<CapturedMessage>> FreezeAsync()
    {
        while (true)
        {
            Task[] tasks;
            lock (_lock)
            {
                if (_tasks.Count == 0)
                {
                    _frozen = true;
                    var taken = new List<CapturedMessage>(_messages);
                    _messages.Clear();
                    return taken;
                }

                tasks = [.. _tasks];
                _tasks.Clear();
            }

            await Task.WhenAll(tasks);
        }
    }

    /// <summary>Takes new messages again: the event goes to a further instance.</summary>
    public void Thaw()
    {
        lock (_lock)
        {
            _frozen = false;
        }
    }

    public Task AddSend<T>(SendContext<T> context, ISendEndpoint endpoint)
        where T : class
    {
        var captured = new CapturedMessage(Store(context), endpoint, (pipe, cancellationToken) => endpoint.Send(context.Message, pipe, cancellationToken));
        lock (_lock)
        {
            if (_frozen)
            {
                throw new SentAfterCommitException(typeof(T));
            }

            _messages.Add(captured);
        }

        return Task.CompletedTask;
    }

    public object? GetService(Type serviceType) => _services.GetService(serviceType);

    private StoredMessage Store<T>(SendContext<T> context)
        where T : class
    {
        var properties = new Dictionary<string, object>();
        if (context is TransportSendContext transport)
        {
            transport.WritePropertiesTo(properties);
        }

        var composer = _composers.NameFor(typeof(T));
        return new StoredMessage
        {
            MessageId = context.MessageId ?? NewId.NextGuid(),
            Destination = context.DestinationAddress ?? throw new InvalidOperationException($"A message of type '{typeof(T).Name}' has no destination address."),
            ContentType = context.ContentType?.ToString() ?? context.Serializer.ContentType.ToString(),
            Body = composer is null ? context.Serializer.GetMessageBody(context).GetBytes() : JsonSerializer.SerializeToUtf8Bytes(context.Message),
            Composer = composer,
            RequestId = context.RequestId,
            CorrelationId = context.CorrelationId,
            ConversationId = context.ConversationId,
            InitiatorId = context.InitiatorId,
            Source = context.SourceAddress,
            ResponseAddress = context.ResponseAddress,
            FaultAddress = context.FaultAddress,
            ExpiresAt = context.TimeToLive is { } timeToLive ? context.SentTime + timeToLive : null,
            TraceParent = Activity.Current?.Id,
            MessageTypes = context.SupportedMessageTypes ?? [],
            Headers = context.Headers.GetAll().ToDictionary(x => x.Key, x => x.Value),
            Properties = properties,
        };
    }

    private sealed class CapturingReceiveContext(ReceiveContext context, IOutgoingCapture capture) : ReceiveContextProxy(context)
    {
        public override ISendEndpointProvider SendEndpointProvider { get; } = new CapturingSendEndpoints(capture, context.SendEndpointProvider);

        public override IPublishEndpointProvider PublishEndpointProvider { get; } = new CapturingPublishEndpoints(capture, context.PublishEndpointProvider);
    }

    private sealed class CapturingSendEndpoints(IOutgoingCapture capture, ISendEndpointProvider endpoints) : ISendEndpointProvider
    {
        public ConnectHandle ConnectSendObserver(ISendObserver observer) => endpoints.ConnectSendObserver(observer);

        public async Task<ISendEndpoint> GetSendEndpoint(Uri address) => Capture(capture, await endpoints.GetSendEndpoint(address));
    }

    private sealed class CapturingPublishEndpoints(IOutgoingCapture capture, IPublishEndpointProvider endpoints) : IPublishEndpointProvider
    {
        public ConnectHandle ConnectPublishObserver(IPublishObserver observer) => endpoints.ConnectPublishObserver(observer);

        public async Task<ISendEndpoint> GetPublishSendEndpoint<T>()
            where T : class => Capture(capture, await endpoints.GetPublishSendEndpoint<T>());
    }

    private static OutboxSendEndpoint Capture(IOutgoingCapture capture, ISendEndpoint endpoint) => new(new EndpointCapture(capture, endpoint), endpoint);

    private sealed class EndpointCapture(IOutgoingCapture capture, ISendEndpoint endpoint) : OutboxSendContext
    {
        public Task AddSend<T>(SendContext<T> context)
            where T : class => capture.AddSend(context, endpoint);

        public object? GetService(Type serviceType) => capture.GetService(serviceType);
    }
}
