using MassTransit;

namespace Pipeline.SagaStore.Outgoing;

/// <summary>What the capturing endpoints need of <see cref="OutgoingCapture{TMessage}"/>, whatever message is consumed.</summary>
internal interface IOutgoingCapture : IServiceProvider
{
    Task AddSend<T>(SendContext<T> context, ISendEndpoint endpoint)
        where T : class;
}
